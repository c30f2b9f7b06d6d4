-- The tables of a practice and its rosters. Table, column and code names are the practice's own (Dutch).
-- Row level security is on from the first day, without policies: nobody but the owner and service roles reads or writes.

create function public.is_weekly_absence(absence jsonb) returns boolean
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  -- {"ma": ["O", "M"], "wo": ["A"]}: keys are weekdays, values are arrays of dagdelen.
  select jsonb_typeof(absence) = 'object'
     and not exists (
       select from jsonb_each(absence) as weekday
       where weekday.key not in ('ma', 'di', 'wo', 'do', 'vr', 'za', 'zo')
          or jsonb_typeof(weekday.value) <> 'array'
          or not weekday.value <@ '["O", "M", "A"]')
$$;
comment on function public.is_weekly_absence is 'True when a jsonb value has the shape of employees.structureel_nbh.';

create table public.employees (
  id              text primary key check (id ~ '^[^[:cntrl:]]{1,64}$'),
  voornaam        text not null check (char_length(voornaam) between 1 and 2000),
  achternaam      text not null default '' check (char_length(achternaam) <= 2000),
  email           text check (email like '%_@_%'),
  team            text not null check (team in ('Groen', 'Oranje', 'Overig')),
  dienstverband   text,
  aantalwerkdagen integer check (aantalwerkdagen between 0 and 366),
  structureel_nbh jsonb not null default '{}' check (public.is_weekly_absence(structureel_nbh)),
  actief          boolean not null default true,
  created_at      timestamptz not null default now()
);
comment on table public.employees is 'Who can be planned.';

create table public.service_types (
  id                uuid primary key default gen_random_uuid(),
  code              text not null unique check (code ~ '^[A-Za-z0-9_-]{1,16}$'),
  naam              text not null check (char_length(naam) between 1 and 2000),
  dagdeel           text not null check (dagdeel in ('O', 'M', 'A')),
  begintijd         time not null check (begintijd < '24:00'),
  eindtijd          time not null check (eindtijd < '24:00'),
  duur_minuten      integer not null check (duur_minuten between 1 and 1440),
  is_system         boolean not null default false,
  blokkeert_volgdag boolean not null default false,
  gekoppeld_aan     text references public.service_types (code) deferrable initially deferred,
  actief            boolean not null default true,
  created_at        timestamptz not null default now(),
  unique (id, dagdeel),
  check (gekoppeld_aan <> code)
);
comment on table public.service_types is 'What is worked. gekoppeld_aan: the code of the second half that the same employee works the same day.';

create table public.service_blocking_rules (
  service_id uuid not null references public.service_types (id) on delete cascade,
  dag_offset smallint not null check (dag_offset between -7 and 7),
  dagdeel    text not null check (dagdeel in ('O', 'M', 'A')),
  primary key (service_id, dag_offset, dagdeel)
);
comment on table public.service_blocking_rules is
  'An active service on a date blocks this dagdeel of date + dag_offset for the employee. Model, trigger and verification all read this table.';

create table public.rosters (
  id         uuid primary key default gen_random_uuid(),
  naam       text not null default '' check (char_length(naam) <= 2000),
  start_date date not null,
  end_date   date not null,
  status     text not null default 'draft' check (status in ('draft', 'in_progress', 'final')),
  created_at timestamptz not null default now(),
  check (end_date >= start_date),
  check (end_date - start_date < 732)
);
comment on table public.rosters is 'One planning period; end_date is inclusive, two years at the most.';

create table public.roster_period_staffing_dagdelen (
  id         uuid primary key default gen_random_uuid(),
  roster_id  uuid not null references public.rosters (id) on delete cascade,
  date       date not null,
  dagdeel    text not null check (dagdeel in ('O', 'M', 'A')),
  team       text not null check (team in ('GRO', 'ORA', 'TOT')),
  service_id uuid not null references public.service_types (id),
  status     text not null check (status in ('MOET', 'MAG', 'MAG_NIET', 'AANGEPAST')),
  aantal     smallint not null check (aantal between 0 and 9),
  created_at timestamptz not null default now(),
  unique (roster_id, date, dagdeel, team, service_id)
);
comment on table public.roster_period_staffing_dagdelen is 'Demand. Rows of one date, dagdeel and service share the staff; MAG_NIET or aantal 0 asks for nobody.';

create table public.roster_employee_services (
  roster_id   uuid not null references public.rosters (id) on delete cascade,
  employee_id text not null references public.employees (id),
  service_id  uuid not null references public.service_types (id),
  aantal      smallint not null check (aantal between 0 and 999),
  actief      boolean not null default true,
  created_at  timestamptz not null default now(),
  primary key (roster_id, employee_id, service_id)
);
comment on table public.roster_employee_services is 'Capability: at most aantal times this service in this roster.';

create table public.roster_assignments (
  id                    uuid primary key default gen_random_uuid(),
  roster_id             uuid not null references public.rosters (id) on delete cascade,
  employee_id           text not null references public.employees (id),
  date                  date not null,
  dagdeel               text not null check (dagdeel in ('O', 'M', 'A')),
  service_id            uuid,
  status                smallint not null default 0 check (status between 0 and 3),
  source                text check (char_length(source) <= 2000),
  notes                 text check (char_length(notes) <= 2000),
  blocked_by_date       date,
  blocked_by_dagdeel    text check (blocked_by_dagdeel in ('O', 'M', 'A')),
  blocked_by_service_id uuid,
  created_at            timestamptz not null default now(),
  unique (roster_id, employee_id, date, dagdeel),
  -- A service is only ever worked in its own dagdeel.
  foreign key (service_id, dagdeel) references public.service_types (id, dagdeel),
  foreign key (blocked_by_service_id, blocked_by_dagdeel) references public.service_types (id, dagdeel),
  check ((status = 1) = (service_id is not null)),
  check (num_nonnulls(blocked_by_date, blocked_by_dagdeel, blocked_by_service_id) = case when status = 2 then 3 else 0 end)
);
comment on table public.roster_assignments is 'The content of a slot: 0 OPEN (or no row), 1 ACTIVE, 2 BLOCKED, 3 UNAVAILABLE.';

create table public.roster_writes (
  run_id         uuid not null,
  part           text not null check (part in ('assignments', 'blocking', 'roster')),
  roster_id      uuid not null references public.rosters (id) on delete cascade,
  request_digest text not null,
  answer         jsonb not null,
  written_at     timestamptz not null default now(),
  primary key (run_id, part)
);
comment on table public.roster_writes is 'Run ledger: a repeated write with the same run_id gets the stored answer and changes nothing.';
create index on public.roster_writes (roster_id, written_at);

create index on public.roster_assignments (employee_id);
create index on public.roster_employee_services (employee_id);

alter table public.employees enable row level security;
alter table public.service_types enable row level security;
alter table public.service_blocking_rules enable row level security;
alter table public.rosters enable row level security;
alter table public.roster_period_staffing_dagdelen enable row level security;
alter table public.roster_employee_services enable row level security;
alter table public.roster_assignments enable row level security;
alter table public.roster_writes enable row level security;

create view public.roster_slot_counts with (security_invoker = true) as
select r.id as roster_id,
       count(*) filter (where a.status = 1) as active,
       count(*) filter (where a.status = 1 and a.source = 'greedy') as active_by_program,
       count(*) filter (where a.status = 2) as blocked,
       count(*) filter (where a.status = 3) as unavailable,
       count(*) filter (where a.status = 0) as open_rows
from public.rosters r
left join public.roster_assignments a on a.roster_id = r.id
group by r.id;
comment on view public.roster_slot_counts is 'Rows of a roster by status, counted when asked.';

create view public.roster_service_coverage with (security_invoker = true) as
select needed.roster_id, s.code as service_code, needed.needed, coalesce(worked.assigned, 0) as assigned
from (
  select roster_id, service_id, sum(aantal) filter (where status <> 'MAG_NIET') as needed
  from public.roster_period_staffing_dagdelen group by roster_id, service_id) as needed
join public.service_types s on s.id = needed.service_id
left join (
  select roster_id, service_id, count(*) as assigned
  from public.roster_assignments where status = 1 group by roster_id, service_id) as worked
  using (roster_id, service_id);
comment on view public.roster_service_coverage is 'Shifts asked for and worked, by roster and service.';

create view public.roster_employee_service_usage with (security_invoker = true) as
select c.roster_id, c.employee_id, s.code as service_code, c.aantal, c.actief,
       count(a.id) as used, case when c.actief then c.aantal else 0 end - count(a.id) as remaining
from public.roster_employee_services c
join public.service_types s on s.id = c.service_id
left join public.roster_assignments a
  on a.roster_id = c.roster_id and a.employee_id = c.employee_id and a.service_id = c.service_id and a.status = 1
group by c.roster_id, c.employee_id, s.code, c.aantal, c.actief;
comment on view public.roster_employee_service_usage is 'Capacity asked of an employee and what is left of it.';
