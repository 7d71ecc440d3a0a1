import sys
import time

import rudderstack.analytics as rudder

host, key, run, count, pause = *sys.argv[1:4], int(sys.argv[4]), float(sys.argv[5])
rudder.write_key, rudder.dataPlaneUrl = key, host
rudder.identify("rud-py", {"name": "Bea Py", "email": "bea.py@example.com"})
rudder.group("rud-py", "ACME", {"name": "Acme"})
for number in range(count):
    rudder.track("rud-py", "Report opened", {"run": run, "number": number}, context={"groupId": "ACME"})
    time.sleep(pause)
rudder.page("rud-py", "docs", "Start")
rudder.screen("rud-py", "app", "Home")
rudder.alias("rud-py-anonymous", "rud-py")
rudder.shutdown()
