import sys
import time

from segment import analytics

host, key, run, count, pause = *sys.argv[1:4], int(sys.argv[4]), float(sys.argv[5])
analytics.write_key, analytics.host, analytics.gzip = key, host, True
analytics.identify("seg-py", {"name": "Ana Py", "email": "ana.py@example.com"}, context={"groupId": "ACME"})
analytics.group("seg-py", "ACME", {"name": "Acme"})
for number in range(count):
    analytics.track("seg-py", "Report opened", {"run": run, "number": number}, context={"groupId": "ACME"})
    time.sleep(pause)
analytics.page("seg-py", "docs", "Start")
analytics.screen("seg-py", "app", "Home")
analytics.alias("seg-py-anonymous", "seg-py")
analytics.shutdown()
