import { bodyOf, kindOf, listOf, withBody, withOptions, withTasks } from "./shape.ts";
import type { Signature } from "./signature.ts";

/** The signature, followed by callbacks once it has succeeded as a whole. */
export function linked(signature: Signature, callbacks: readonly unknown[]): Signature {
  if (callbacks.length === 0) return signature;
  switch (kindOf(signature)) {
    case "task":
      return withOptions(signature, { link: [...listOf(signature.options.link), ...callbacks] });
    case "chord":
      return withBody(signature, linked(bodyOf(signature), callbacks));
    case "chain":
      return withTasks(signature, (task, index, all) => (index === all.length - 1 ? linked(task, callbacks) : task));
    case "group":
      // As in Celery: a group has no end of its own, so that its first member stands for it and its value is not passed on.
      return withTasks(signature, (task, index) => (index === 0 ? linked(task, callbacks.map(immutable)) : task));
  }
}

/** The signature, followed by errbacks when some task of it has failed. */
export function errorLinked(signature: Signature, errbacks: readonly unknown[]): Signature {
  if (errbacks.length === 0) return signature;
  switch (kindOf(signature)) {
    case "task":
      return withOptions(signature, { link_error: [...listOf(signature.options.link_error), ...errbacks] });
    case "chord":
      return withBody(signature, errorLinked(bodyOf(signature), errbacks));
    case "chain":
    case "group":
      return withTasks(signature, (task) => errorLinked(task, errbacks));
  }
}

/** Callbacks and errbacks of a composition become those of its parts, which are what is sent. */
export function withLinksInside(signature: Signature): Signature {
  if (kindOf(signature) === "task") return signature;
  const { link, link_error, ...options } = signature.options;
  return errorLinked(linked({ ...signature, options }, listOf(link)), listOf(link_error));
}

function immutable(callback: unknown): unknown {
  return { ...(callback as Signature), immutable: true };
}
