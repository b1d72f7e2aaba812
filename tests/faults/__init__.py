"""The whole product under kills, stops, full disks and foreign programs."""
