import { tellStories } from "./tell-story.ts";

await tellStories("archive");
