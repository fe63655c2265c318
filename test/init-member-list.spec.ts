import { trueMembers } from '../src/callback/payloads/init-member-list.js';

const entry = (text: string) => ({ userID: text.split(':')[0]!, roleLevel: Number(text.split(':')[1]) });
const read = (list: string, owner = 'o') => {
  const { members, nonMembers } = trueMembers(list.split(' ').filter(Boolean).map(entry), owner);
  return [Array.from(members, ([userID, role]) => `${userID}:${role}`).join(' '), nonMembers];
};

describe('The true members of initMemberList are found', () => {
  it.each([
    ['with the owner alone', 'o:100 o:20', 'o:100', 0],
    ['with owner, admin and ordinary members', 'o:100 a:60 m:20 n:20 a:20 o:20', 'o:100 a:60 m:20 n:20', 0],
    ['without an operator who is no member', 'o:100 a:60 m:20 a:20 o:20 x:20', 'o:100 a:60 m:20', 1],
    ['with an operator who is a member', 'o:100 x:60 m:20 x:20 o:20', 'o:100 x:60 m:20', 0],
    ['without an operator who is listed twice', 'o:100 o:20 x:20 x:20', 'o:100', 1],
    ['in the sample on the page of OpenIM, without the owner', 'u:60 v:20', 'u:60 v:20', 0],
    ['in a list of each member once, the owner first', 'o:100 m:20 n:20', 'o:100 m:20 n:20', 0],
    ['in a list with the owner as an ordinary member only', 'o:20 m:20', 'o:20 m:20', 0],
    ['in a list with the lower role of a user first', 'm:20 a:20 a:60 o:100', 'm:20 a:60 o:100', 0],
    ['in an empty list', '', '', 0],
    ['without entries that have no userID', ':20 m:20 :60', 'm:20', 0],
  ])('%s', (_, list, members, nonMembers) => {
    expect(read(list)).toEqual([members, nonMembers]);
  });
});
