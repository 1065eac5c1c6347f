#pragma once

namespace durward::adapters::postgres {

// Partitions by time, first of three steps (docs/adr/0014-partitions-replicas-node-numbers.md): what makes
// and drops them, and a bound for the rows that are there and come until then. Keys carry time
// (base/sequence.h), so a range of keys is a range of time.
inline constexpr char migration_0004_partition_bounds[] = R"sql(
CREATE TABLE partitions(
  name text PRIMARY KEY, parent text NOT NULL, from_key bigint NOT NULL, until_key bigint NOT NULL);

-- The first key of a time in milliseconds since 1970.
CREATE FUNCTION durward_key(at bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT greatest(0, at-1704067200000) << 22
$$;

-- Adds an empty partition for these keys, unless there is one, or rows of them came before it. Needs the table
-- for a moment and gives up when it does not get it soon.
CREATE FUNCTION durward_add_partition(parent text, from_key bigint, until_key bigint, fillfactor bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  name text := parent||'_'||to_char(to_timestamp((from_key>>22)/1000+1704067200) AT TIME ZONE 'UTC', 'YYYYMMDD_HH24MI');
  found boolean;
BEGIN
  PERFORM set_config('lock_timeout','500',true), pg_advisory_xact_lock(4923931927552983038);
  IF EXISTS(SELECT 1 FROM partitions p WHERE p.parent=$1 AND p.until_key>$2) THEN
    RETURN false;
  END IF;
  EXECUTE format('SELECT EXISTS(SELECT 1 FROM %I WHERE id>=%s AND id<%s)', parent||'_rest', from_key, until_key)
    INTO found;
  IF found THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE %I(LIKE %I INCLUDING ALL) WITH (fillfactor=%s)', name, parent, fillfactor);
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', parent, name, from_key, until_key);
  INSERT INTO partitions VALUES(name, $1, $2, $3);
  RETURN true;
END $$;

-- Drops the partitions whose keys are all before `until`, and, with a `column`, whose rows all have it at or
-- before `deadline`. Returns how many.
CREATE FUNCTION durward_drop_partitions(parent text, until bigint, "column" text, deadline bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  p partitions%ROWTYPE;
  living boolean := false;
  dropped bigint := 0;
BEGIN
  PERFORM set_config('lock_timeout','500',true), pg_advisory_xact_lock(4923931927552983038);
  FOR p IN SELECT * FROM partitions q WHERE q.parent=$1 AND q.until_key<=$2 AND q.name<>$1||'_before'
           ORDER BY q.until_key LIMIT 8 LOOP
    IF "column"<>'' THEN
      EXECUTE format('SELECT EXISTS(SELECT 1 FROM %I WHERE %I>%s)', p.name, "column", deadline) INTO living;
    END IF;
    IF NOT living THEN
      EXECUTE format('DROP TABLE %I', p.name);
      DELETE FROM partitions q WHERE q.name=p.name;
      dropped := dropped+1;
    END IF;
  END LOOP;
  RETURN dropped;
END $$;

-- Until the end of tomorrow everything goes where it always went.
DO $$
DECLARE
  bound bigint := durward_key((extract(epoch FROM date_trunc('day', now() AT TIME ZONE 'UTC'))::bigint+2*86400)*1000);
  parent text;
BEGIN
  PERFORM set_config('lock_timeout','5000',true);
  FOREACH parent IN ARRAY ARRAY['codes','tickets','logs'] LOOP
    INSERT INTO partitions VALUES(parent||'_before', parent, -9223372036854775808, bound);
    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I CHECK(id<%s) NOT VALID', parent, parent||'_before', bound);
  END LOOP;
END $$;
)sql";

}  // namespace durward::adapters::postgres
