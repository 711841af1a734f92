import { after } from "node:test";
import { without } from "../../../../../testing/require-server.ts";
import { startServers } from "../../processes/production.ts";
import { tellStories } from "./tell-story.ts";

tellStories("Redis", without("redis-server", "openssl") ? undefined! : await startServers({ after }));
