create table clients (
  id varchar(80) primary key,
  name varchar(200) not null unique,
  contact_email varchar(320) check (contact_email like '%_@_%'),
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null
);
create table programs (
  id varchar(80) primary key,
  client_id varchar(80) not null references clients (id) on delete cascade,
  name varchar(200) not null,
  budget numeric(12, 2) check (budget >= 0),
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  unique (client_id, name)
);
create table projects (
  id varchar(80) primary key,
  program_id varchar(80) not null references programs (id) on delete cascade,
  name varchar(200) not null,
  first_day date,
  last_day date,
  active boolean not null default true,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  constraint project_key unique (program_id, name),
  constraint days_in_order check (last_day >= first_day)
);
create table usecases (
  id varchar(80) primary key,
  project_id varchar(80) not null references projects (id) on delete cascade,
  name varchar(200) not null,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  unique (project_id, name)
);
create table user_stories (
  id varchar(80) primary key,
  usecase_id varchar(80) not null references usecases (id) on delete cascade,
  name varchar(200) not null,
  points integer not null default 1,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  unique (usecase_id, name)
);
create table tasks (
  id varchar(80) primary key,
  user_story_id varchar(80) not null references user_stories (id) on delete cascade,
  depends_on varchar(80) references tasks (id),
  name varchar(200) not null,
  details json,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  unique (user_story_id, name)
);
create table subtasks (
  id integer primary key {made},
  task_id varchar(80) not null references tasks (id) on delete cascade deferrable initially deferred,
  name varchar(200) not null,
  done_on date,
  unique (task_id, name)
);
