from django.db import migrations

# As pghistory's own, but for the two settings read without raising: it looked whether there is a context by catching that
# there is none, and an exception is a subtransaction for every changed row (a third of a millisecond each).
WITHOUT_EXCEPTIONS = """
CREATE OR REPLACE FUNCTION _pgh_attach_context() RETURNS pghistory_context.id%TYPE AS $$
    DECLARE
        _pgh_context_id UUID := nullif(current_setting('pghistory.context_id', true), '')::uuid;
        _pgh_context_metadata JSONB := nullif(current_setting('pghistory.context_metadata', true), '')::jsonb;
    BEGIN
        IF _pgh_context_id IS NULL OR _pgh_context_metadata IS NULL THEN
            RETURN NULL;
        END IF;
        INSERT INTO pghistory_context (id, metadata, created_at, updated_at)
            VALUES (_pgh_context_id, _pgh_context_metadata, NOW(), NOW())
            ON CONFLICT (id) DO UPDATE SET metadata = EXCLUDED.metadata, updated_at = EXCLUDED.updated_at
                WHERE pghistory_context.metadata != EXCLUDED.metadata;
        RETURN _pgh_context_id;
    END;
$$ LANGUAGE plpgsql
"""


def install_pghistorys_own(apps, schema_editor):
    from pghistory.models import Context

    Context.install_pgh_attach_context_func(using=schema_editor.connection.alias)


def install(apps, schema_editor):
    schema_editor.execute(WITHOUT_EXCEPTIONS, params=None)


class Migration(migrations.Migration):
    dependencies = [("core", "0005_digest"), ("pghistory", "0007_auto_20250421_0444")]
    operations = [migrations.RunPython(install, install_pghistorys_own)]
