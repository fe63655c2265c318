import type { MigrationInterface, QueryRunner } from 'typeorm';
import { CREATE_VIEWS, DROP_VIEWS } from '../src/postgres/reporting-views.js';

/** Whether the role may create a schema; where it may not, `grant-reader` says so when the views are wanted. */
const MAY_CREATE = "SELECT has_database_privilege(current_database(), 'CREATE') AS may";

/** Creates the views for reports, in a schema of their own. */
export class CreateViews1764288000008 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    const [{ may }] = (await queryRunner.query(MAY_CREATE)) as [{ may: boolean }];
    if (may) {
      await queryRunner.query(CREATE_VIEWS);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(DROP_VIEWS);
  }
}
