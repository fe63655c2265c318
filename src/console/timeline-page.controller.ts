import { Controller, Get, Param, Query, Req } from '@nestjs/common';
import type { Request } from 'express';
import { GroupParams } from '../admin-api/group-params.js';
import { PageQuery } from '../admin-api/paging.js';
import { ChangesService } from '../changes/changes.service.js';
import type { TimelineEntryDto } from '../deliveries/deliveries.dto.js';
import { TimelineService } from '../deliveries/timeline.service.js';
import { GroupsService } from '../groups/groups.service.js';
import { ConsolePages } from './console-pages.js';
import { html } from './html.js';

const ENTRIES = 20;

/** The timeline of a group: what happened, and what changed by it. */
@Controller('console/groups/:groupID/timeline')
@ConsolePages()
export class TimelinePageController {
  constructor(
    private readonly groups: GroupsService,
    private readonly timelines: TimelineService,
    private readonly changes: ChangesService,
  ) {}

  @Get()
  async show(
    @Req() request: Request,
    @Param() { groupID }: GroupParams,
    @Query() query: PageQuery,
  ): Promise<string> {
    query.limit = ENTRIES;
    const [group, page] = await Promise.all([
      this.groups.getGroup(groupID),
      this.timelines.read(groupID, query),
    ]);
    const changes = await this.changesOf(groupID, page.items);
    return html(request, 'timeline', { group, page, changes });
  }

  private async changesOf(groupID: string, entries: readonly TimelineEntryDto[]) {
    const causes = entries.flatMap(({ deliveryID }) => deliveryID ?? []);
    return causes.length === 0 ? [] : this.changes.causedBy(groupID, causes, new Date(entries.at(-1)!.at));
  }
}
