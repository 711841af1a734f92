import type { CertificateDates } from "@ccatobs/celery";

/** A certificate is to be renewed so many days before its end. */
export const renewBefore = 30;

/** `12.5 GiB` */
export function bytesInWords(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];
  const step = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return step === 0 ? `${bytes} bytes` : `${(bytes / 1024 ** step).toFixed(1)} ${units[step]}`;
}

/** What is wrong with a certificate now; undefined where it is valid. */
export function invalidNow(whose: string, { from, to }: CertificateDates, now = new Date()): string | undefined {
  if (to < now) return `${whose} has ended on ${dayOf(to)}`;
  return from > now ? `${whose} begins on ${dayOf(from)}; is this machine's clock right?` : undefined;
}

/** That a certificate ends soon; undefined where it does not. */
export function endsSoon(whose: string, { to }: CertificateDates, now = new Date()): string | undefined {
  const days = daysUntil(to, now);
  return days < renewBefore ? `${whose} ends in ${days} ${days === 1 ? "day" : "days"}, on ${dayOf(to)}` : undefined;
}

/** Which of these ends first, and when. */
export function firstEnd(certificates: readonly CertificateDates[], now = new Date()): string {
  const [first] = [...certificates].sort((one, other) => one.to.getTime() - other.to.getTime());
  return `${daysUntil(first!.to, now)} days left, until ${dayOf(first!.to)}`;
}

function daysUntil(date: Date, now: Date): number {
  return Math.floor((date.getTime() - now.getTime()) / 86_400_000);
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** Whether nothing passes a network on the way there. */
export function isLocal(host: string | undefined): boolean {
  return (
    host === undefined || host === "localhost" || host === "::1" || host.startsWith("127.") || host.startsWith("/")
  );
}
