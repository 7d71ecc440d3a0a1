"""The landing log is partitioned by month of its time-ordered id; rows are never changed."""

from django.db import migrations

from core.append_only import append_only

# A UUIDv7 begins with the milliseconds since 1970 in 48 bits, so a month is a range of ids.
PARTITIONED = """
DROP TABLE intake_record;
CREATE TABLE intake_record (
    id uuid NOT NULL PRIMARY KEY,
    source_id uuid NOT NULL,
    kind varchar(20) NOT NULL,
    external_id text NOT NULL,
    payload jsonb NOT NULL,
    import_id uuid,
    landed_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT statement_timestamp()
) PARTITION BY RANGE (id);
CREATE TABLE intake_record_default PARTITION OF intake_record DEFAULT;

CREATE FUNCTION cx_uuid7_floor(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

CREATE FUNCTION cx_add_record_partition(month date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text := 'intake_record_' || to_char(month, 'YYYY_MM');
BEGIN
    EXECUTE format(
        'CREATE TABLE IF NOT EXISTS %I PARTITION OF intake_record FOR VALUES FROM (%L) TO (%L)', name,
        cx_uuid7_floor(date_trunc('month', month)::timestamp AT TIME ZONE 'UTC'),
        cx_uuid7_floor((date_trunc('month', month) + interval '1 month')::timestamp AT TIME ZONE 'UTC'));
END $$;

SELECT cx_add_record_partition((date_trunc('month', now()) + make_interval(months => n))::date)
FROM generate_series(0, 2) AS n;
"""
PLAIN = """
DROP TABLE intake_record;
CREATE TABLE intake_record (
    id uuid NOT NULL PRIMARY KEY, source_id uuid NOT NULL, kind varchar(20) NOT NULL, external_id text NOT NULL,
    payload jsonb NOT NULL, import_id uuid, landed_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT statement_timestamp());
DROP FUNCTION cx_add_record_partition(date);
DROP FUNCTION cx_uuid7_floor(timestamptz);
"""


class Migration(migrations.Migration):
    dependencies = [("intake", "0001_initial")]
    operations = [migrations.RunSQL(PARTITIONED, PLAIN), *append_only("intake_record")]
