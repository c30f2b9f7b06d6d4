"""Records of other systems into the tables of a practice: employees, absences."""
