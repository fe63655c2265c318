import { type MiddlewareConsumer, Module, type NestModule, RequestMethod } from '@nestjs/common';
import { type NextFunction, type Request, type Response, urlencoded } from 'express';
import { AdminApiModule } from '../admin-api/admin-api.module.js';
import { ReplayModule } from '../callback/replay/replay.module.js';
import { ChangesModule } from '../changes/changes.module.js';
import { DeliveriesModule } from '../deliveries/deliveries.module.js';
import { GroupsModule } from '../groups/groups.module.js';
import { ReconcilerModule } from '../reconciliation/reconciler.module.js';
import { StatsModule } from '../stats/stats.module.js';
import { CallbackHistory } from './overview/callback-history.js';
import { ConnectController } from './connect.controller.js';
import { DeliveriesPagesController } from './deliveries-pages.controller.js';
import { GroupsPagesController } from './groups-pages.controller.js';
import { OverviewController } from './overview.controller.js';
import { OverviewService } from './overview/overview.service.js';
import { ConsoleSessions } from './session/console-sessions.js';
import { SignInController } from './sign-in.controller.js';
import { TimelinePageController } from './timeline-page.controller.js';

/** What pages may load and where forms may go: nothing but this service. `Referrer-Policy` keeps the origin of forms. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'Referrer-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/** The console: pages for staff, rendered here, behind a sign-in with an admin key. */
@Module({
  imports: [
    AdminApiModule,
    ChangesModule,
    DeliveriesModule,
    GroupsModule,
    ReconcilerModule,
    ReplayModule,
    StatsModule,
  ],
  controllers: [
    SignInController,
    OverviewController,
    GroupsPagesController,
    TimelinePageController,
    DeliveriesPagesController,
    ConnectController,
  ],
  providers: [CallbackHistory, ConsoleSessions, OverviewService],
})
export class ConsoleModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply((_request: Request, response: Response, next: NextFunction) => {
        response.set(HEADERS);
        next();
      })
      .forRoutes('console', 'console/*path');
    consumer
      .apply(urlencoded({ extended: false, limit: '8kb' }))
      .forRoutes({ path: 'console/sign-in', method: RequestMethod.POST });
  }
}
