import { isRoute } from "./routes.ts";
import { SettingError } from "./setting-error.ts";
import type { Setting, SettingKinds } from "./settings.ts";

/** @throws {SettingError} when the value is none of the setting's kind */
export function checkSetting(name: string, value: unknown, { kind }: Setting): void {
  const check = checks[kind];
  if (!check.holds(value)) throw new SettingError(`${name} is ${check.wants}, not ${shown(value)}`);
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value) && value >= 0;
const isWhole = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;
const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
const isTexts = (value: unknown) => Array.isArray(value) && value.every((entry) => typeof entry === "string");

const checks: Record<keyof SettingKinds, { wants: string; holds(value: unknown): boolean }> = {
  boolean: { wants: "true or false", holds: (value) => typeof value === "boolean" },
  whole: { wants: "a whole number from 0 on", holds: isWhole },
  "whole or null": { wants: "a whole number from 0 on, or null", holds: (value) => value === null || isWhole(value) },
  seconds: { wants: "a number of seconds", holds: isNumber },
  "seconds or null": { wants: "a number of seconds, or null", holds: (value) => value === null || isNumber(value) },
  text: { wants: "a text", holds: (value) => typeof value === "string" },
  texts: { wants: "a list of texts", holds: isTexts },
  rate: {
    wants: "a rate such as 10/s, 100/m or 5/h, or null",
    holds: (value) => value === null || (typeof value === "string" && /^\d+(\.\d+)?(\/[smh])?$/.test(value)),
  },
  queues: {
    wants: "a list of queues: names, or objects with name, exchange, exchangeType and routingKey",
    holds: (value) => Array.isArray(value) && value.length > 0 && value.every(isQueue),
  },
  routes: {
    wants: "an object by task name of queues, or { queue }, or { exchange, routing_key }; or a function",
    holds: (value) => typeof value === "function" || (isObject(value) && Object.values(value as object).every(isRoute)),
  },
  annotations: {
    wants: "an object of task options by task name",
    holds: (value) => isObject(value) && Object.values(value as object).every(isObject),
  },
  tls: {
    wants: "true, false, or an object of ssl_ options",
    holds: (value) => typeof value === "boolean" || isObject(value),
  },
  "broker options": { wants: "an object", holds: isObject },
  "result options": { wants: "an object", holds: isObject },
};

function isQueue(value: unknown): boolean {
  if (typeof value === "string") return value !== "";
  const { name, exchange, exchangeType, routingKey } = Object(value) as Record<string, unknown>;
  return (
    [name, exchange, routingKey].every((part) => typeof part === "string") &&
    ["direct", "topic", "fanout"].includes(exchangeType as string)
  );
}

function shown(value: unknown): string {
  return typeof value === "function" ? "a function" : (JSON.stringify(value) ?? String(value));
}
