"""A version that was published for a later day can be made a draft again until that day; nothing was decided by it."""

from django.db import migrations

POLICIES = ("ownershippolicy", "authoritypolicy")
MAY = """
CREATE OR REPLACE FUNCTION cx_{policy}_is_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'published' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.active_to IS NULL AND OLD.active_from > clock_timestamp() AND NEW.state = 'draft' THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.state = 'published' AND to_jsonb(NEW) - 'active_to' = to_jsonb(OLD) - 'active_to'
            AND (OLD.active_to IS NULL OR (OLD.active_to > clock_timestamp() AND NEW.active_to IS NULL)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'version % is published and cannot be changed; make a new draft', OLD.version
        USING ERRCODE = 'restrict_violation';
END $$;
"""
MAY_NOT = """
CREATE OR REPLACE FUNCTION cx_{policy}_is_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'published' AND (TG_OP = 'DELETE' OR NEW.state <> 'published'
            OR to_jsonb(NEW) - 'active_to' <> to_jsonb(OLD) - 'active_to' OR OLD.active_to IS NOT NULL) THEN
        RAISE EXCEPTION 'version % is published and cannot be changed; make a new draft', OLD.version
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("decisions", "0006_plurals")]
    operations = [
        migrations.RunSQL(MAY.replace("{policy}", policy), MAY_NOT.replace("{policy}", policy)) for policy in POLICIES
    ]
