"""What each role may do with everything that the migrations make, written down a second time: the tests compare, and forget nothing."""

from __future__ import annotations

TABLES = (
    "employees",
    "service_types",
    "service_blocking_rules",
    "rosters",
    "roster_period_staffing_dagdelen",
    "roster_employee_services",
    "roster_assignments",
    "roster_writes",
    "absences",
)
# Of these only service_role reads: the reason of an absence can be that somebody is ill.
PRIVATE = ("absences",)
# In schemas that practices share. Raw records are personal data: only service_role reads them.
SHARED_TABLES = ("meta.ingestion_runs", "meta.entity_quality", "meta.faulty_records", "bronze.raw_entities")
SHARED_READ = ("meta.ingestion_runs", "meta.entity_quality")
SHARED_SEQUENCES = ("bronze.change_numbers",)
SHARED_SCHEMAS = ("meta", "bronze")
VIEWS = ("roster_slot_counts", "roster_service_coverage", "roster_employee_service_usage")
TYPES = ("slot_content", "slot_blocker")
# Called through REST by the job and by `greedy doctor`.
CALLED = {
    "load_roster_v1": {"p_roster_id": None},
    "list_rosters_v1": {},
    "count_slots_v1": {"p_roster_id": None},
    "import_roster_v1": {"p_tables": {}},
    "write_roster_v1": {"p_request": {}},
    "verify_roster_v1": {"p_roster_id": None},
    "probe_blocking_v1": {},
    "list_triggers_v1": {},
    "applied_migrations_v1": {},
    "database_facts_v1": {},
    "access_v1": {},
    "access_faults_v1": {},
    "own_history_v1": {},
    "import_roster": {"p_tables": {}},
    "lock_roster": {"p_roster_id": None},
    "sync_blocked_slots": {"touched": []},
    "refresh_blocking": {"p_roster_id": None},
    "has_stale_blocks": {"p_roster_id": None},
    "roster_employee_ids": {"p_roster_id": None},
    "roster_service_ids": {"p_roster_id": None},
    "roster_input_digest": {"p_roster_id": None},
    "is_weekly_absence": {"absence": {}},
    "apply_absences_v1": {"p_roster_id": None},
    "is_structurally_absent": {"absence": {}, "day": "2025-11-24", "dagdeel": "O"},
}
# For the owner alone. Triggers run without that anybody may execute them.
TRIGGERS = (
    "keep_blocking_true",
    "lock_roster_of_new_slot",
    "refresh_blocking_of_rules",
    "refresh_blocking_of_absence",
    "refuse_dates_outside_roster",
    "refuse_demand_in_other_dagdeel",
    "keep_rows_in_roster",
)
OWNERS = ("apply_access_v1", "make_source_records", *TRIGGERS)
FORBIDDEN = "42501"
