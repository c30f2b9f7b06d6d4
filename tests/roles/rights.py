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
    "roster_changes",
    "roster_plans",
    "roster_publications",
    "roster_copies",
)
SEQUENCES = ("roster_changes_number_seq",)
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
    "change_slots_v1": {"p_request": {}},
    "list_changes_v1": {"p_roster_id": None},
    "get_change_v1": {"p_roster_id": None, "p_id": "00000000-0000-0000-0000-000000000001"},
    "roster_state_v1": {"p_roster_id": None},
    "roster_news_v1": {"p_roster_id": None},
    "content_of_slot": {"slot": None},
    "change_document": {"p_change": None},
    "begin_change": {"p_id": "00000000-0000-0000-0000-000000000001", "p_digest": "", "p_roster_id": None},
    "keep_change": {"p_id": None, "p_roster_id": None, "p_kind": "edit", "p_actor": "", "p_digest": ""},
    "conflicts_of_slots": {"p_roster_id": None, "p_slots": []},
    "faults_of_slots": {"p_roster_id": None, "p_slots": []},
    "keep_plan": {"p_run_id": None, "p_roster_id": None, "p_actor": "", "p_digest": "", "p_went": [], "p_came": []},
    "entered_slots": {"p_roster_id": None},
    "difference_of_slots": {"p_before": [], "p_after": []},
    **{name: {"p_request": {}} for name in ("ask_plan_v1", "end_plan_v1", "publish_roster_v1", "reopen_roster_v1")},
    **{name: {"p_request": {}} for name in ("copy_roster_v1", "take_over_copy_v1", "delete_copy_v1")},
    "claim_plan_v1": {"p_worker": "00000000-0000-0000-0000-000000000001"},
    "beat_plan_v1": {"p_id": "00000000-0000-0000-0000-000000000001", "p_worker": "00000000-0000-0000-0000-000000000001"},
    "cancel_plan_v1": {"p_id": "00000000-0000-0000-0000-000000000001", "p_actor": "Anna"},
    "get_plan_v1": {"p_id": "00000000-0000-0000-0000-000000000001"},
    "list_plans_v1": {},
    "list_publications_v1": {"p_roster_id": None},
    "list_copies_v1": {},
    "get_copy_v1": {"p_copy_id": "00000000-0000-0000-0000-000000000001"},
    "original_of_v1": {"p_roster_id": "00000000-0000-0000-0000-000000000001"},
    "plan_under_way": {"p_roster_ids": []},
    "lock_plans": {},
    "plan_document": {"p_plan": None},
    "publication_document": {"p_publication": None, "p_with_slots": False},
    "roster_demand_digest": {"p_roster_id": None},
    "entered_digest": {"p_roster_id": None},
    "document_of": {"p_argument": {}},
    "is_silent": {"p_plan": None, "p_stale_seconds": 30},
    "copy_document": {"p_copy": None},
    "lock_rosters": {"p_one": "00000000-0000-0000-0000-000000000001", "p_other": "00000000-0000-0000-0000-000000000001"},
    "slots_of_change": {"p_change": None},
    "put_slots": {"p_roster_id": None, "p_slots": []},
    "digests_of_slots": {"p_roster_id": None, "p_statuses": []},
    "mark_of_roster": {"p_roster_id": None},
    "state_of_roster": {"p_roster_id": None, "p_mark": {}},
    "rows_of_slots": {"p_roster_id": None, "p_include_open": False},
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
