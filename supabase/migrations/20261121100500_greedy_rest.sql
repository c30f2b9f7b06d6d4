-- The same job through REST: every answer one jsonb scalar, refusals that keep their details, and a time limit of its own for each function.

create function public.count_slots_v1(p_roster_id uuid) returns jsonb
language sql stable
set search_path = public, pg_temp
as $$
  select to_jsonb(c) from roster_slot_counts as c where c.roster_id = p_roster_id
$$;
comment on function public.count_slots_v1 is 'Rows of a roster by status; null when the roster does not exist.';

create or replace function public.load_roster_v1(p_roster_id uuid, p_include_open boolean default false) returns jsonb
language sql stable
set search_path = public, pg_temp
set statement_timeout = '60s'
as $$
  -- One jsonb scalar: a set of rows would be cut at 1,000 by the REST server. Null when the roster does not exist.
  -- Columns by name: a practice may have added columns of its own.
  select jsonb_build_object(
    'input_digest', roster_input_digest(p_roster_id),
    'rosters', jsonb_build_array(jsonb_build_object(
      'id', r.id, 'naam', r.naam, 'start_date', r.start_date, 'end_date', r.end_date, 'status', r.status)),
    'employees', (
      select coalesce(jsonb_agg(to_jsonb(e) order by e.id), '[]')
      from (select id, voornaam, achternaam, email, team, dienstverband, aantalwerkdagen, structureel_nbh, actief
            from employees where id in (select roster_employee_ids(r.id))) as e),
    'service_types', (
      select coalesce(jsonb_agg(to_jsonb(s) order by s.code), '[]')
      from (select id, code, naam, dagdeel, begintijd, eindtijd, duur_minuten, is_system, blokkeert_volgdag, gekoppeld_aan, actief
            from service_types where id in (select roster_service_ids(r.id))) as s),
    'service_blocking_rules', (
      select coalesce(jsonb_agg(to_jsonb(b) order by b.service_id, b.dag_offset, b.dagdeel), '[]')
      from (select service_id, dag_offset, dagdeel
            from service_blocking_rules where service_id in (select roster_service_ids(r.id))) as b),
    'roster_employee_services', (
      select coalesce(jsonb_agg(to_jsonb(c) order by c.employee_id, c.service_id), '[]')
      from (select roster_id, employee_id, service_id, aantal, actief
            from roster_employee_services where roster_id = r.id) as c),
    'roster_period_staffing_dagdelen', (
      select coalesce(jsonb_agg(to_jsonb(d) order by d.date, d.dagdeel, d.team, d.service_id), '[]')
      from (select id, roster_id, date, dagdeel, team, service_id, status, aantal
            from roster_period_staffing_dagdelen
            where roster_id = r.id and (p_include_open or aantal > 0 and status <> 'MAG_NIET')) as d),
    'roster_assignments', (
      select coalesce(jsonb_agg(to_jsonb(a) order by a.employee_id, a.date, a.dagdeel), '[]')
      from (select id, roster_id, employee_id, date, dagdeel, service_id, status, source, notes,
                   blocked_by_date, blocked_by_dagdeel, blocked_by_service_id
            from roster_assignments where roster_id = r.id and (p_include_open or status <> 0)) as a))
  from rosters r where r.id = p_roster_id
$$;

alter function public.import_roster_v1 rename to import_roster;
comment on function public.import_roster is 'Practice tables into the database; data that do not fit raise an error.';

create function public.import_roster_v1(p_tables jsonb, p_replace boolean default false) returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
set lock_timeout = '10s'
set statement_timeout = '60s'
as $$
declare
  v_answer  jsonb;
  v_code    text;
  v_message text;
  v_detail  text;
  v_constraint text;
  v_table   text;
  v_column  text;
begin
  v_answer := import_roster(p_tables, p_replace);
  -- The one constraint that would wait for the commit, which no answer tells of.
  set constraints service_types_gekoppeld_aan_fkey immediate;
  set constraints service_types_gekoppeld_aan_fkey deferred;
  return v_answer;
-- What the tables are at fault for comes back as an answer, because errors lose their details on the way through REST.
exception
  when integrity_constraint_violation or data_exception or cardinality_violation then
    get stacked diagnostics v_code = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail,
      v_constraint = constraint_name, v_table = table_name, v_column = column_name;
    return jsonb_build_object('outcome', 'refused', 'sqlstate', v_code, 'message', v_message, 'detail', nullif(v_detail, ''),
                              'constraint', nullif(v_constraint, ''), 'table', nullif(v_table, ''), 'column', nullif(v_column, ''));
  when lock_not_available then
    return jsonb_build_object('outcome', 'busy');
end
$$;
comment on function public.import_roster_v1 is
  'Practice tables into the database. Outcomes: imported; and with nothing changed: exists, differs (shared data), final, busy, refused
(the tables break a constraint, or a value is none of its type). With p_replace the first two are overwritten.';

-- A REST server gives a statement 8 seconds unless the function says otherwise.
alter function public.write_roster_v1 set statement_timeout = '60s';
alter function public.verify_roster_v1 set statement_timeout = '60s';

create function public.own_history_v1() returns regclass
language sql stable
set search_path = public, pg_temp
as $$
  -- Three columns and the owner make it ours, and not the history of some other program's migrations.
  select c.oid::regclass from pg_class as c join pg_attribute on attrelid = c.oid
  where c.oid = to_regclass('public.schema_migrations')
    and relowner = (select relowner from pg_class where oid = 'public.rosters'::regclass)
    and attname in ('version', 'statements', 'name') and not attisdropped
  group by c.oid having count(*) = 3
$$;
comment on function public.own_history_v1 is 'The history of migrations that lies in this schema, which makes it the schema of a practice; null otherwise.';

create function public.applied_migrations_v1() returns jsonb
language plpgsql stable security definer  -- nobody else reads the history
set search_path = public, pg_temp
as $$
declare
  v_history regclass := coalesce(own_history_v1(), to_regclass('supabase_migrations.schema_migrations'));
  v_versions jsonb;
begin
  if v_history is not null then
    execute format($sql$select jsonb_agg(version order by version) from %s where name like 'greedy\_%%'$sql$, v_history) into v_versions;
  end if;
  return coalesce(v_versions, '[]');
end
$$;
comment on function public.applied_migrations_v1 is 'The versions of this program''s migrations that this schema has, oldest first.';

revoke execute on function
  public.count_slots_v1, public.import_roster_v1, public.own_history_v1, public.applied_migrations_v1
from public;
