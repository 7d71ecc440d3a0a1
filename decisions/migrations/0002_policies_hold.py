"""What the database holds about policies: no overlap, no gap, no change once published; decisions are append-only.

The checks of whole versions are deferred to the end of the transaction, so that a publish may close one version and
open the next in two statements.
"""

from django.db import migrations

from core.append_only import append_only

KINDS = {"ownershippolicy": "ownershipcell", "authoritypolicy": "authorityband"}

PERIODS = """
ALTER TABLE decisions_{policy} ADD CONSTRAINT {policy}_periods_do_not_overlap
    EXCLUDE USING gist (tstzrange(active_from, active_to) WITH &&) WHERE (state = 'published');

CREATE FUNCTION cx_{policy}_periods() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    holes integer;
BEGIN
    SELECT count(*) INTO holes FROM (
        SELECT active_from, lag(active_to) OVER (ORDER BY active_from NULLS FIRST) AS before,
               row_number() OVER (ORDER BY active_from NULLS FIRST) AS n,
               active_to, lead(active_from) OVER (ORDER BY active_from NULLS FIRST) AS next
        FROM decisions_{policy} WHERE state = 'published') AS periods
    WHERE (n = 1 AND active_from IS NOT NULL)
       OR (n > 1 AND active_from IS DISTINCT FROM before)
       OR (next IS NULL AND active_to IS NOT NULL);
    IF holes > 0 THEN
        RAISE EXCEPTION 'published versions must follow one another without a gap, the first without a beginning,'
            ' the last without an end' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER {policy}_periods_have_no_gap AFTER INSERT OR UPDATE OR DELETE ON decisions_{policy}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cx_{policy}_periods();

CREATE FUNCTION cx_{policy}_is_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'published' AND (TG_OP = 'DELETE' OR NEW.state <> 'published'
            OR to_jsonb(NEW) - 'active_to' <> to_jsonb(OLD) - 'active_to' OR OLD.active_to IS NOT NULL) THEN
        RAISE EXCEPTION 'version % is published and cannot be changed; make a new draft', OLD.version
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER {policy}_is_published BEFORE UPDATE OR DELETE ON decisions_{policy}
    FOR EACH ROW EXECUTE FUNCTION cx_{policy}_is_published();

CREATE FUNCTION cx_{part}_of_published() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    whole integer := CASE TG_OP WHEN 'DELETE' THEN OLD.policy_id ELSE NEW.policy_id END;
BEGIN
    IF EXISTS (SELECT 1 FROM decisions_{policy} WHERE version = whole AND state = 'published') THEN
        RAISE EXCEPTION 'version % is published and cannot be changed; make a new draft', whole
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER {part}_of_published BEFORE INSERT OR UPDATE OR DELETE ON decisions_{part}
    FOR EACH ROW EXECUTE FUNCTION cx_{part}_of_published();
"""
NO_PERIODS = """
DROP TRIGGER {part}_of_published ON decisions_{part};
DROP TRIGGER {policy}_is_published ON decisions_{policy};
DROP TRIGGER {policy}_periods_have_no_gap ON decisions_{policy};
DROP FUNCTION cx_{part}_of_published();
DROP FUNCTION cx_{policy}_is_published();
DROP FUNCTION cx_{policy}_periods();
ALTER TABLE decisions_{policy} DROP CONSTRAINT {policy}_periods_do_not_overlap;
"""

# Every set of bands begins at 0, and every published version has the set for everybody.
BANDS = """
CREATE FUNCTION cx_bands_begin_at_zero() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    hole record;
BEGIN
    SELECT policy_id, coalesce(type_id, 'all types') AS type, coalesce(nullif(tier, ''), 'all tiers') AS tier INTO hole
    FROM decisions_authorityband GROUP BY policy_id, type_id, tier HAVING min(lower) > 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the bands of version % for % and % leave a hole: the lowest must begin at 0',
            hole.policy_id, hole.type, hole.tier USING ERRCODE = 'check_violation';
    END IF;
    SELECT version INTO hole FROM decisions_authoritypolicy AS policy WHERE state = 'published' AND NOT EXISTS (
        SELECT 1 FROM decisions_authorityband WHERE policy_id = policy.version AND type_id IS NULL AND tier = '');
    IF FOUND THEN
        RAISE EXCEPTION 'version % has no bands for all types and tiers: an insight could fall through', hole.version
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT version INTO hole FROM decisions_ownershippolicy AS policy WHERE state = 'published' AND NOT EXISTS (
        SELECT 1 FROM decisions_ownershipcell WHERE policy_id = policy.version
            AND type_id IS NULL AND tier = '' AND region = '' AND stage = '' AND segment = '');
    IF FOUND THEN
        RAISE EXCEPTION 'matrix version % has a hole: no cell for all types and segments', hole.version
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER bands_begin_at_zero AFTER INSERT OR UPDATE OR DELETE ON decisions_authorityband
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cx_bands_begin_at_zero();
CREATE CONSTRAINT TRIGGER authority_is_whole AFTER INSERT OR UPDATE ON decisions_authoritypolicy
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cx_bands_begin_at_zero();
CREATE CONSTRAINT TRIGGER matrix_is_whole AFTER INSERT OR UPDATE ON decisions_ownershippolicy
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cx_bands_begin_at_zero();
"""
NO_BANDS = """
DROP TRIGGER matrix_is_whole ON decisions_ownershippolicy;
DROP TRIGGER authority_is_whole ON decisions_authoritypolicy;
DROP TRIGGER bands_begin_at_zero ON decisions_authorityband;
DROP FUNCTION cx_bands_begin_at_zero();
"""


class Migration(migrations.Migration):
    dependencies = [("decisions", "0001_initial")]
    operations = [
        *(
            migrations.RunSQL(
                PERIODS.replace("{policy}", policy).replace("{part}", part),
                NO_PERIODS.replace("{policy}", policy).replace("{part}", part),
            )
            for policy, part in KINDS.items()
        ),
        migrations.RunSQL(BANDS, NO_BANDS),
        *append_only("decisions_decision"),
    ]
