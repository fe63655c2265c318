/** The roles of a member (protocol/constant/constant.go, GroupOwner, GroupAdmin, GroupOrdinaryUsers). */
export const RoleLevel = { Owner: 100, Admin: 60, Ordinary: 20 } as const;

/**
 * The content types of the messages that notify members of a change of their group (protocol/constant/constant.go,
 * GroupNotificationBegin, GroupNotificationEnd).
 */
export const GROUP_NOTIFICATIONS = { first: 1500, last: 1599 } as const;

/** The status of a dismissed group (protocol/constant/constant.go, GroupStatusDismissed). */
export const DISMISSED = 2;
