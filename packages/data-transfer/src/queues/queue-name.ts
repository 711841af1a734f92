import type { DataLocation } from "../model/location.ts";
import type { OperationType } from "../model/operation.ts";

/** `{site_short_name}_{data_location_name}_{operation_type}`: the rule that Python's managers follow too. */
export function queueName(location: DataLocation, operation: OperationType): string {
  return `${location.site.shortName}_${location.name}_${operation}`;
}
