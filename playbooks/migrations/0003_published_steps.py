"""A published version of a playbook and its steps cannot be changed: the database says so."""

from django.db import migrations

HOLD = """
CREATE FUNCTION cx_playbook_is_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'published' THEN
        RAISE EXCEPTION 'version % of % is published and cannot be changed; make a new draft', OLD.number, OLD.playbook_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER playbook_is_published BEFORE UPDATE OR DELETE ON playbooks_playbookversion
    FOR EACH ROW EXECUTE FUNCTION cx_playbook_is_published();

CREATE FUNCTION cx_step_of_published() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held record;
BEGIN
    SELECT number, playbook_id INTO held FROM playbooks_playbookversion
    WHERE state = 'published' AND id IN (
        CASE TG_OP WHEN 'INSERT' THEN NEW.version_id ELSE OLD.version_id END,
        CASE TG_OP WHEN 'DELETE' THEN OLD.version_id ELSE NEW.version_id END) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'version % of % is published and cannot be changed; make a new draft',
            held.number, held.playbook_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER step_of_published BEFORE INSERT OR UPDATE OR DELETE ON playbooks_step
    FOR EACH ROW EXECUTE FUNCTION cx_step_of_published();
"""
FREE = """
DROP TRIGGER step_of_published ON playbooks_step;
DROP TRIGGER playbook_is_published ON playbooks_playbookversion;
DROP FUNCTION cx_step_of_published();
DROP FUNCTION cx_playbook_is_published();
"""


class Migration(migrations.Migration):
    dependencies = [("playbooks", "0002_starting_playbooks")]
    operations = [migrations.RunSQL(HOLD, FREE)]
