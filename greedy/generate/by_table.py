"""One table at a time, through a session over SQLite."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from greedy.generate.config import GeneratorConfig
from greedy.generate.making.chunks import chunk_of
from greedy.generate.people.chunk_ranges import chunks_of
from greedy.generate.sinks.sqlite import add_rows


class TableByTable:
    """Each method writes the rows of its table and tells how many they are.

    The table is made when it is missing, with those that it refers to, whose rows must be there already. Nothing is committed: that is for
    the caller, who may write several tables in one transaction. Rows are generated anew for each table.

    Raises
    ------
    InputError
        Rows that these refer to are not there, or rows of the same practices are there already. The session is rolled back.
    """

    config: GeneratorConfig

    async def generate_regions_async(self, session: AsyncSession) -> int:
        """Rows of regions."""
        return await self._generate("regions", session)

    async def generate_service_types_async(self, session: AsyncSession) -> int:
        """Rows of service_types."""
        return await self._generate("service_types", session)

    async def generate_service_blocking_rules_async(self, session: AsyncSession) -> int:
        """Rows of service_blocking_rules."""
        return await self._generate("service_blocking_rules", session)

    async def generate_practices_async(self, session: AsyncSession) -> int:
        """Rows of practices."""
        return await self._generate("practices", session)

    async def generate_teams_async(self, session: AsyncSession) -> int:
        """Rows of teams."""
        return await self._generate("teams", session)

    async def generate_employees_async(self, session: AsyncSession) -> int:
        """Rows of employees."""
        return await self._generate("employees", session)

    async def generate_contracts_async(self, session: AsyncSession) -> int:
        """Rows of contracts."""
        return await self._generate("contracts", session)

    async def generate_absences_async(self, session: AsyncSession) -> int:
        """Rows of absences."""
        return await self._generate("absences", session)

    async def generate_rosters_async(self, session: AsyncSession) -> int:
        """Rows of rosters."""
        return await self._generate("rosters", session)

    async def generate_roster_employee_services_async(self, session: AsyncSession) -> int:
        """Rows of roster_employee_services."""
        return await self._generate("roster_employee_services", session)

    async def generate_roster_period_staffing_dagdelen_async(self, session: AsyncSession) -> int:
        """Rows of roster_period_staffing_dagdelen."""
        return await self._generate("roster_period_staffing_dagdelen", session)

    async def generate_roster_assignments_async(self, session: AsyncSession) -> int:
        """Rows of roster_assignments."""
        return await self._generate("roster_assignments", session)

    async def generate_wishes_async(self, session: AsyncSession) -> int:
        """Rows of wishes."""
        return await self._generate("wishes", session)

    async def generate_planted_rosters_async(self, session: AsyncSession) -> int:
        """Rows of planted_rosters."""
        return await self._generate("planted_rosters", session)

    async def generate_planted_assignments_async(self, session: AsyncSession) -> int:
        """Rows of planted_assignments."""
        return await self._generate("planted_assignments", session)

    async def _generate(self, table: str, session: AsyncSession) -> int:
        rows = (batch for practices in chunks_of(self.config) for batch in chunk_of(self.config, practices) if batch.table.name == table)
        return await add_rows(session, table, rows)
