"""Break things while insights arrive, and see that nothing is lost, doubled or left lying: run it as `./cx faults`."""
