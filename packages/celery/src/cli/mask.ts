/** The text with the passwords of all URLs in it replaced by `**`, as Celery shows them. */
export function maskPasswords(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s@]*@/gi, "$1:**@");
}
