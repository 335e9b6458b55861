/** Validators of what the HTTP port serves, as RFC 9110 § 13 compares them. */

/** Whether a request's `If-None-Match` names one of these tags. */
export const isKnown = (ifNoneMatch: string | undefined, ...tags: ReadonlyArray<string>): boolean =>
  ifNoneMatch !== undefined &&
  (ifNoneMatch.trim() === "*" || ifNoneMatch.split(",").some((it) => tags.includes(it.trim().replace(/^W\//, ""))))
