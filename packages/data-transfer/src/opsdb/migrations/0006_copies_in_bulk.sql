-- A package's files are recorded by the hundred thousand. A foreign key looks up and locks a row for each of them, which
-- took most of that time and wrote into the catalogue; here the same is asked once for all rows of a statement.
-- Copies of packages, which are few, keep their foreign key: it also keeps a package from being deleted while its files
-- are recorded.

ALTER TABLE physical_copy
  DROP CONSTRAINT physical_copy_raw_data_file_id_fkey,
  DROP CONSTRAINT physical_copy_data_location_id_fkey;

COMMENT ON COLUMN physical_copy.verified_at IS
  'when the bytes were last found right; of a file in a staged package: when it was recorded, and the package''s copy knows of later';

CREATE FUNCTION refuse_copies_of_nothing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM (SELECT DISTINCT data_location_id AS id FROM added) a
             WHERE NOT EXISTS (SELECT FROM data_location d WHERE d.id = a.id)) THEN
    RAISE EXCEPTION 'a copy lies at a location that does not exist' USING ERRCODE = 'foreign_key_violation';
  END IF;
  IF EXISTS (SELECT FROM added a WHERE a.raw_data_file_id IS NOT NULL
             AND NOT EXISTS (SELECT FROM raw_data_file f WHERE f.id = a.raw_data_file_id)) THEN
    RAISE EXCEPTION 'a copy is of a file that does not exist' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER copies_are_of_something AFTER INSERT ON physical_copy
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION refuse_copies_of_nothing();

-- Who makes a row speak of another file or place does so by the row.
CREATE FUNCTION refuse_change_to_nothing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM data_location WHERE id = NEW.data_location_id) THEN
    RAISE EXCEPTION 'a copy lies at a location that does not exist' USING ERRCODE = 'foreign_key_violation';
  END IF;
  IF NEW.raw_data_file_id IS NOT NULL AND NOT EXISTS (SELECT FROM raw_data_file WHERE id = NEW.raw_data_file_id) THEN
    RAISE EXCEPTION 'a copy is of a file that does not exist' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER copies_stay_of_something BEFORE UPDATE OF raw_data_file_id, data_location_id ON physical_copy
  FOR EACH ROW WHEN (OLD.raw_data_file_id IS DISTINCT FROM NEW.raw_data_file_id
    OR OLD.data_location_id <> NEW.data_location_id)
  EXECUTE FUNCTION refuse_change_to_nothing();

CREATE FUNCTION delete_copies_of_files() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM physical_copy c USING gone WHERE c.raw_data_file_id = gone.id;
  RETURN NULL;
END $$;
CREATE TRIGGER files_take_their_copies_along AFTER DELETE ON raw_data_file
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION delete_copies_of_files();

CREATE FUNCTION refuse_location_with_copies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM physical_copy c JOIN gone ON gone.id = c.data_location_id) THEN
    RAISE EXCEPTION 'copies lie at that location' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER location_with_copies_stays AFTER DELETE ON data_location
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION refuse_location_with_copies();
