import { itemTransitions } from "../../model/item-transitions.ts";
import { locationTypes, storageTypes } from "../../model/location.ts";
import { itemReasons, packageStates, physicalCopyStatuses, statuses } from "../../model/status.ts";

/** The values that each column may have. */
const columns: readonly [table: string, column: string, values: readonly string[]][] = [
  ["data_location", "location_type", locationTypes],
  ["data_location", "storage_type", storageTypes],
  ["raw_data_package", "state", packageStates],
  ["physical_copy", "status", physicalCopyStatuses],
  ["staging_job", "status", statuses],
  ["staging_item", "status", statuses],
  ["staging_item", "reason", itemReasons],
];

/**
 * Checks and the transition trigger, written from the model's lists. It replaces what an earlier migration made, so when
 * a list changes: keep this one's text as a .sql file under its number, and call this function again in a new migration.
 */
export function stateRules(): string {
  return [
    "-- Generated from the lists in src/model.",
    ...columns.map(([table, column, values]) => allow(table, column, values)),
    refuseOtherTransitions(),
  ].join("\n");
}

function allow(table: string, column: string, values: readonly string[]): string {
  const name = `${table}_${column}_is_known`;
  return `ALTER TABLE ${table} DROP CONSTRAINT IF EXISTS ${name};
ALTER TABLE ${table} ADD CONSTRAINT ${name} CHECK (${column} IN (${values.map(literal).join(", ")}));`;
}

/** An item's status may stay what it is; who works on it may change only as the table has it. */
function refuseOtherTransitions(): string {
  const moves = itemTransitions.map(({ from, to }) => `    (${literal(from)}, ${literal(to)})`).join(",\n");
  return `CREATE OR REPLACE FUNCTION refuse_other_item_transitions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.status, NEW.status) NOT IN (
${moves}
  ) THEN
    RAISE EXCEPTION 'item % cannot go from % to %', OLD.id, OLD.status, NEW.status USING ERRCODE = 'CDT01';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS item_transitions ON staging_item;
CREATE TRIGGER item_transitions BEFORE UPDATE ON staging_item FOR EACH ROW
  WHEN (OLD.status <> NEW.status OR OLD.attempt_id IS DISTINCT FROM NEW.attempt_id)
  EXECUTE FUNCTION refuse_other_item_transitions();
CREATE OR REPLACE FUNCTION refuse_other_item_beginnings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'an item cannot begin as %', NEW.status USING ERRCODE = 'CDT01';
END $$;
DROP TRIGGER IF EXISTS item_beginnings ON staging_item;
CREATE TRIGGER item_beginnings BEFORE INSERT ON staging_item FOR EACH ROW
  WHEN (NEW.status NOT IN ('pending', 'failed'))
  EXECUTE FUNCTION refuse_other_item_beginnings();`;
}

function literal(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
