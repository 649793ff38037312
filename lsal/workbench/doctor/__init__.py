"""The doctor: looks at everything between a project and its next round, names each fault and its fix.

One check is one function, in the file of its topic; `examination` has the table of them.
"""

from lsal.workbench.doctor.examination import diagnose, without_home
from lsal.workbench.doctor.findings import Diagnosis, Finding

__all__ = ["Diagnosis", "Finding", "diagnose", "without_home"]
