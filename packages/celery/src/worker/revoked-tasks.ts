/** Which tasks shall not run: at most `max` ids (50,000), each for `ttl` ms (3 h), as Celery has it. */
export interface RevokedTasks {
  add(taskId: string): void;
  /** By stamped header: any task that carries one of the values under the name. */
  addStamp(name: string, values: readonly string[]): void;
  isRevoked(task: { id: string; stamps: Readonly<Record<string, unknown>> }): boolean;
  ids(): string[];
  /** Ids and when they were revoked (Unix seconds), newest first, at most `max`: what mingle sends. */
  recent(max: number): Record<string, number>;
  /** Takes over what another worker knows. */
  merge(others: Readonly<Record<string, number>>): void;
}
