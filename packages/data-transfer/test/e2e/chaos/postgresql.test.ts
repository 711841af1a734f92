import { tellStories } from "./tell-story.ts";

await tellStories("PostgreSQL", { postgres: { version: 18, tls: true } });
