import { trueMembers } from '../src/callback/payloads/init-member-list.js';

const entry = (text: string) => ({ userID: text.split(':')[0]!, roleLevel: Number(text.split(':')[1]) });
const read = (list: string, owner = 'o') => {
  const { members, strangers } = trueMembers(list.split(' ').filter(Boolean).map(entry), owner);
  return [Array.from(members, ([userID, role]) => `${userID}:${role}`).join(' '), strangers];
};

it.each([
  ['a group of its owner alone', 'o:100 o:20', 'o:100', 0],
  ['owner, admin, members', 'o:100 a:60 m:20 n:20 a:20 o:20', 'o:100 a:60 m:20 n:20', 0],
  ['the operator who is no member', 'o:100 a:60 m:20 a:20 o:20 x:20', 'o:100 a:60 m:20', 1],
  ['an operator who is a member', 'o:100 x:60 m:20 x:20 o:20', 'o:100 x:60 m:20', 0],
  ['an operator who is told twice', 'o:100 o:20 x:20 x:20', 'o:100', 1],
  ["the vendor's sample, without the owner", 'u:60 v:20', 'u:60 v:20', 0],
  ['everybody once, the owner first', 'o:100 m:20 n:20', 'o:100 m:20 n:20', 0],
  ['the owner as an ordinary member only', 'o:20 m:20', 'o:20 m:20', 0],
  ['the second role before the first', 'm:20 a:20 a:60 o:100', 'm:20 a:60 o:100', 0],
  ['nobody', '', '', 0],
  ['entries that name nobody', ':20 m:20 :60', 'm:20', 0],
])('%s', (_, list, members, strangers) => {
  expect(read(list)).toEqual([members, strangers]);
});
