import { fullName } from "../../opsdb/locations.ts";
import { type Check, unlessAny } from "../check.ts";

export const queueOpen: Check = {
  id: "queue-open",
  category: "queue",
  statement: "no location is paused",
  severity: "warning",
  needs: ["queue-known"],
  async run(facts) {
    const places = await facts.places();
    return unlessAny(
      places.flatMap((place) =>
        place.pauseMessage === undefined ? [] : [`${fullName(place)} is paused: ${place.pauseMessage}`],
      ),
    );
  },
  hint: "ccat_data_transfer location resume <location>",
};
