"""The report for management: one page per night and an index, in Swedish and English."""
