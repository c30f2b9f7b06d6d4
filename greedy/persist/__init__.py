"""FASE 4: what the program planned goes into the database, all or nothing, and is verified there."""

from greedy.persist.batch_writer import BatchWriter, WriteResult, WriteStatistics
from greedy.persist.orchestrator import DatabaseOperationOrchestrator, OperationResult
from greedy.persist.trigger_verifier import TriggerVerifier, VerificationResult

__all__ = [
    "BatchWriter",
    "DatabaseOperationOrchestrator",
    "OperationResult",
    "TriggerVerifier",
    "VerificationResult",
    "WriteResult",
    "WriteStatistics",
]
