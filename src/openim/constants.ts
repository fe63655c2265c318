/** The roles of a member (OpenIM: protocol/constant/constant.go, GroupOwner, GroupAdmin, GroupOrdinaryUsers). */
export const RoleLevel = { Owner: 100, Admin: 60, Ordinary: 20 } as const;
