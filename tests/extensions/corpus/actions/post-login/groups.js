exports.onExecutePostLogin = async (event, api) => {
  const { groups, next } = await api.groups.getUserGroups({ take: 1 });
  console.log(groups.map((group) => group.name).join(), next);
  if (next) console.log((await api.groups.getUserGroups({ take: 1, from: next })).groups[0].name);
  const { memberships } = await api.groups.hasGroupMembership(['admins', 'grp_1', 'guests']);
  api.idToken.setCustomClaim('admin', memberships.admins.is_member);
  console.log(memberships.grp_1.matches.length, memberships.guests.is_member);
};
