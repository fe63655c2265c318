import { ApiProperty } from '../../openapi/decorators.js';
import { Page } from '../../admin-api/paging.js';

/** What came of the replay of a page of deliveries. */
export class ReplayedPage extends Page {
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    example: { applied: 12, unchanged: 37, passedOver: 1 },
    description:
      'Number of deliveries by the outcome of their replay; `passedOver`: replays, and deliveries whose body is not kept',
  })
  outcomes!: Record<string, number>;
}
