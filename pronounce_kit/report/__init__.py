"""Readings as HTML pages that need nothing else: no network, no script, no other file.

    assessment_page(assessment)                     one reading, or several
    student_report(gradebook, "Ada")                what a student should practise, and how it goes
    class_report(gradebook, class_name="5b")        who needs attention, and what the class gets wrong
    write_reports(gradebook, "reports")             both for everybody, and an index

Every page fits a phone, follows the reader's dark theme, prints well and is readable by a screen reader. All text is
escaped by `highlight.tag`.
"""

from __future__ import annotations

from .classes import class_report
from .folder import write_reports
from .page import write_page
from .reading import assessment_page
from .student import student_report

__all__ = ["assessment_page", "class_report", "student_report", "write_page", "write_reports"]
