"""Write – audit – publish: export the marts, build a release, prove its audit, switch."""
