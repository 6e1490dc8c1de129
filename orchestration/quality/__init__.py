"""The gate: suites in ``expectations/``, judged by Great Expectations on the release candidate."""
