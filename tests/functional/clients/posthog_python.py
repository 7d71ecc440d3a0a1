import sys
import time

from posthog import Posthog

host, key, run, count, pause = *sys.argv[1:4], int(sys.argv[4]), float(sys.argv[5])
posthog = Posthog(key, host=host, gzip=True, flush_at=20, max_retries=12)
posthog.set(distinct_id="ph-py", properties={"name": "Cem Py", "email": "cem.py@example.com"})
posthog.group_identify("company", "ACME", {"name": "Acme"})
for number in range(count):
    said = {"run": run, "number": number}
    posthog.capture("Report opened", distinct_id="ph-py", properties=said, groups={"company": "ACME"})
    time.sleep(pause)
posthog.alias("ph-py-anonymous", "ph-py")
posthog.shutdown()
