// The guest systems the service has built in.

export type GuestOS = 'linux' | 'windows'
