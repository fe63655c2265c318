import { afterCreateGroup } from '../callback/payloads/after-create-group.js';
import { afterDismissGroup } from '../callback/payloads/after-dismiss-group.js';
import { afterSetGroupInfo } from '../callback/payloads/after-set-group-info.js';
import type { ProbeGroup } from './probe-group.js';

/** An action of the probe, with the callback that it makes OpenIM send. */
export interface Step {
  readonly done: string;
  readonly command: string;
  readonly line: string;
  readonly act: (group: ProbeGroup) => Promise<void>;
}

/** In this order. */
export const STEPS: readonly Step[] = [
  {
    done: 'created',
    command: afterCreateGroup.name,
    line: afterCreateGroup.webhook.key,
    act: (group) => group.create(),
  },
  {
    done: 'renamed',
    command: afterSetGroupInfo.name,
    line: afterSetGroupInfo.webhook.key,
    act: (group) => group.rename(),
  },
  {
    done: 'dismissed',
    command: afterDismissGroup.name,
    line: afterDismissGroup.webhook.key,
    act: (group) => group.dismiss(),
  },
];
