"""An inquiry from files to findings: intake, the catalogue of measures, the run, verification,
export.
"""
