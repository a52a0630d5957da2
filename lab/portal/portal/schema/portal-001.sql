-- Copyright: Renfort contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
create table school (
    code text primary key,
    name text not null
);
create table school_class (
    code text primary key,
    school text not null references school,
    name text not null
);
create index on school_class (school);
create table person (
    username text primary key,
    name text not null,
    profile text not null,
    school text not null references school,
    class text references school_class,
    child text,
    mail text not null default '',
    language text not null default 'fr'
);
create index on person (class);
create table lesson (
    school text not null,
    class text not null,
    weekday smallint not null,
    starts time not null,
    ends time not null,
    subject_fr text not null,
    subject_en text not null,
    room text not null,
    teacher text not null
);
create index on lesson (class, weekday);
create index on lesson (teacher, weekday);
create index on lesson (school);
create table homework (
    id bigint generated always as identity primary key,
    class text not null,
    weekday smallint not null,
    text_fr text not null,
    text_en text not null
);
create index on homework (class);
create table mark (
    id bigint generated always as identity primary key,
    pupil text not null,
    subject_fr text not null,
    subject_en text not null,
    value numeric(4, 1) not null
);
create index on mark (pupil);
create table absence (
    id bigint generated always as identity primary key,
    school text not null,
    pupil text not null,
    justified boolean not null default false
);
create index on absence (school) where not justified;
create table news (
    id bigint generated always as identity primary key,
    text_fr text not null,
    text_en text not null
);
create table menu (
    weekday smallint primary key,
    text_fr text not null,
    text_en text not null
);
-- The token and the ticket are kept as SHA-256: who reads the table cannot take a session over.
create table session (
    id bytea primary key,
    username text not null,
    name text not null,
    profile text not null,
    ticket bytea not null unique,
    csrf text not null,
    created timestamptz not null default now(),
    seen timestamptz not null default now()
) with (fillfactor = 70);
create index on session (seen);
create table import_run (
    id bigint generated always as identity primary key,
    school text not null,
    source text not null,
    digest text not null,
    lessons integer not null,
    outcome text not null,
    detail text not null default '',
    machine text not null,
    seconds double precision not null,
    at timestamptz not null default now()
);
create index on import_run (school, id);
-- Which made-up population is in the tables.
create table population (
    digest text not null,
    people integer not null
);
