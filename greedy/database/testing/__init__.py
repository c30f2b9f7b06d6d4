"""For tests and development: made-up rows, transactions that never stay, seed data, cleaning up, end-to-end tests."""

from greedy.database.testing.candidates import MockDataError
from greedy.database.testing.cleanup import cleanup_non_protected
from greedy.database.testing.e2e import E2ERegistry, E2EResult, E2ESummary, E2ETest, e2e_test, e2e_tests
from greedy.database.testing.marking import mark_for_tests, require_marked
from greedy.database.testing.mock_data import MockDataGenerator
from greedy.database.testing.modes import TestMode, TestSession, test_session
from greedy.database.testing.protected import ProtectedRows
from greedy.database.testing.seed import SeedData, load_seed_data
from greedy.database.testing.transactions import TestTransactionManager, rolled_back, with_transaction

__all__ = [
    "E2ERegistry",
    "E2EResult",
    "E2ESummary",
    "E2ETest",
    "MockDataError",
    "MockDataGenerator",
    "ProtectedRows",
    "SeedData",
    "TestMode",
    "TestSession",
    "TestTransactionManager",
    "cleanup_non_protected",
    "e2e_test",
    "e2e_tests",
    "load_seed_data",
    "mark_for_tests",
    "require_marked",
    "rolled_back",
    "test_session",
    "with_transaction",
]
