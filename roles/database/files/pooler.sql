-- Copyright: Renfort contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- PgBouncer, and nobody else, may look up what an application's password must match. Superusers and the roles of
-- replication are not found: they never come through PgBouncer.
CREATE SCHEMA IF NOT EXISTS pooler AUTHORIZATION postgres;
REVOKE ALL ON SCHEMA pooler FROM PUBLIC;
GRANT USAGE ON SCHEMA pooler TO pgbouncer;
CREATE OR REPLACE FUNCTION pooler.credentials(wanted text)
    RETURNS TABLE (usename name, passwd text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
BEGIN ATOMIC
    SELECT rolname, rolpassword
    FROM pg_authid
    WHERE rolname = wanted AND rolcanlogin AND NOT rolsuper AND NOT rolreplication
        AND coalesce(rolvaliduntil > now(), true);
END;
REVOKE ALL ON FUNCTION pooler.credentials(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pooler.credentials(text) TO pgbouncer
