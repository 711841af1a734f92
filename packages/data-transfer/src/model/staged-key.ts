/** Where a staged package lies below its location's path. One directory a package is what becomes visible. */
export function stagedKey(packageName: string): string {
  return `staged/${packageName}`;
}
