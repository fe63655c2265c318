/** Begins the groupIDs of the groups by which doctor tries the hooks: what is lost of them is no fault of today. */
export const PROBE_PREFIX = 'doctor-probe-';
