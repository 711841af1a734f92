import type { general, namedTables, SettingTable, tables } from "./definition.ts";
import type { Setting } from "./kinds.ts";

/**
 * The settings as the program uses them: typed, checked, in camel case. Every duration is in seconds, every size in
 * bytes, permission bits are a number.
 */
export type Settings = {
  /** The section of the settings files in force, from `ENV_FOR_DYNACONF`. */
  readonly environment: string;
} & Values<typeof general> & {
    readonly [T in keyof typeof tables as Camel<T>]: Values<(typeof tables)[T]>;
  } & {
    /** By the user's own name, in lower case: `settings.s3.cologne_lta`. */
    readonly [T in keyof typeof namedTables as Camel<T>]: Readonly<Record<string, Values<(typeof namedTables)[T]>>>;
  };

/** One key with the place its value came from; `value` as loaded, but `***` for a secret. */
export interface Origin {
  /** `redis.host` */
  key: string;
  /** Tells how to show the value: a duration is seconds, a size bytes. */
  kind: Setting<unknown>["kind"];
  value: unknown;
  /** `built-in`, `/etc/…/settings.toml [production]`, `environment variable CCAT_…` or `command line --health-port`. */
  origin: string;
  description: string;
}

export interface LoadedSettings {
  settings: Settings;
  /** One for every key there is, in the order of the definition. */
  origins: readonly Origin[];
  /** Sentences about keys that nobody reads; none of them stops the program. */
  warnings: readonly string[];
}

type Values<T extends SettingTable> = {
  readonly [K in keyof T & string as Camel<K>]: T[K] extends Setting<infer V> ? V : never;
};

type Camel<S> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S & string;
