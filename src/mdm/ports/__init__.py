"""Protocols that the services need; outer packages implement them.

Arrow is the one foreign type that crosses these borders. SQL that services pass is plain and the
same on both databases; parameters are named (`:name`).
"""

from mdm.ports.audit import AuditLog, AuditTrail
from mdm.ports.intake import MARKED, DeliveredFile, Delivery, Intake
from mdm.ports.linking import Linking, PlanScore
from mdm.ports.service import ServiceSession, ServiceStore
from mdm.ports.sessions import (
    ArrowData,
    Clock,
    ProgressStep,
    ReadSession,
    Rows,
    Store,
    WriteSession,
)

__all__ = [
    "MARKED",
    "ArrowData",
    "AuditLog",
    "AuditTrail",
    "Clock",
    "DeliveredFile",
    "Delivery",
    "Intake",
    "Linking",
    "PlanScore",
    "ProgressStep",
    "ReadSession",
    "Rows",
    "ServiceSession",
    "ServiceStore",
    "Store",
    "WriteSession",
]
