-- A database as a practice had it before: types of its own choosing, columns, keys, an index, a policy, a view, a trigger and tables that refer to ours.
create table medewerker_log (id bigint generated always as identity primary key, wat text);
create table employees (
  id varchar(64) primary key, voornaam varchar(100) not null, achternaam text not null, email text, team varchar(20) not null,
  dienstverband text, aantalwerkdagen smallint, structureel_nbh jsonb not null default '{}', actief boolean not null default true,
  telefoon text, updated_at timestamptz not null default now());
create table service_types (
  code text not null, naam text not null, dagdeel text not null, begintijd time not null, eindtijd time not null, duur_minuten smallint not null,
  is_system boolean default false, blokkeert_volgdag boolean not null default false, gekoppeld_aan text, actief boolean not null default true,
  kleur text default '#fff', id uuid primary key default gen_random_uuid());
create type roster_kind as enum ('gewoon', 'vakantie');
create table rosters (
  id uuid primary key default gen_random_uuid(), naam text, start_date date not null, end_date date not null,
  status text not null default 'draft' constraint rosters_status_check check (status in ('draft', 'in_progress', 'final', 'archived')),
  soort roster_kind not null default 'gewoon', created_at timestamp default now());
create table roster_period_staffing_dagdelen (
  id uuid primary key default gen_random_uuid(), roster_id uuid references rosters, date date, dagdeel varchar, team varchar,
  service_id uuid references service_types(id), status text, aantal int default 0, constraint uniek unique (roster_id, service_id, date, dagdeel, team));
create table roster_employee_services (
  id bigserial primary key, roster_id uuid references rosters on delete cascade, employee_id varchar(64) references employees, service_id uuid references service_types(id), aantal int not null,
  actief boolean default true);
create unique index on roster_employee_services (employee_id, roster_id, service_id);
create table roster_assignments (
  id uuid primary key default gen_random_uuid(), roster_id uuid not null references rosters, employee_id varchar(64) not null references employees (id),
  date date not null, dagdeel text not null, service_id uuid references service_types (id), status int not null default 0, source text, notes text,
  updated_by text default 'web', unique (roster_id, employee_id, date, dagdeel));
create index werk on roster_assignments (roster_id, date);
create table wensen (id int primary key, roster_id uuid references rosters, employee_id varchar(64) references employees);
create view dienstlijst as select a.date, e.voornaam, s.code from roster_assignments a join employees e on e.id = a.employee_id join service_types s on s.id = a.service_id;
create function stempel() returns trigger language plpgsql as $$ begin new.updated_at := now(); return new; end $$;
create trigger stempel before update on employees for each row execute function stempel();
alter table rosters enable row level security;
create policy eigen on rosters for select using (true);
grant select on employees to anon;
comment on table employees is 'Onze mensen';
