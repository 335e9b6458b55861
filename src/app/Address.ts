/** An open port. */
export interface Address {
  readonly protocol: string
  readonly url: string
}
