// Command go-receiver writes OpenIM's creations of groups to PostgreSQL, in one transaction each.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const upsertGroup = `
	INSERT INTO groups (group_id, group_name, notification, introduction, face_url, owner_user_id, create_time, member_count, ex,
		status, creator_user_id, group_type, need_verification, look_member_info, apply_member_friend, notification_update_time,
		notification_user_id)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
	ON CONFLICT (group_id) DO UPDATE SET group_name = excluded.group_name, notification = excluded.notification,
		introduction = excluded.introduction, face_url = excluded.face_url, owner_user_id = excluded.owner_user_id,
		create_time = excluded.create_time, member_count = excluded.member_count, ex = excluded.ex, status = excluded.status,
		creator_user_id = excluded.creator_user_id, group_type = excluded.group_type,
		need_verification = excluded.need_verification, look_member_info = excluded.look_member_info,
		apply_member_friend = excluded.apply_member_friend, notification_update_time = excluded.notification_update_time,
		notification_user_id = excluded.notification_user_id, updated_at = excluded.updated_at`

const upsertMembers = `
	INSERT INTO group_members (group_id, user_id, role_level)
	SELECT $1, * FROM unnest($2::text[], $3::integer[])
	ON CONFLICT (group_id, user_id) DO UPDATE SET role_level = excluded.role_level, updated_at = excluded.updated_at`

const insertLog = `INSERT INTO callback_logs (command, group_id, body) VALUES ($1, $2, $3)`

type member struct {
	UserID    string `json:"userID"`
	RoleLevel int32  `json:"roleLevel"`
}

type creation struct {
	GroupID                string   `json:"groupID"`
	GroupName              string   `json:"groupName"`
	Notification           string   `json:"notification"`
	Introduction           string   `json:"introduction"`
	FaceURL                string   `json:"faceURL"`
	OwnerUserID            string   `json:"ownerUserID"`
	CreateTime             int64    `json:"createTime"`
	MemberCount            int32    `json:"memberCount"`
	Ex                     string   `json:"ex"`
	Status                 int32    `json:"status"`
	CreatorUserID          string   `json:"creatorUserID"`
	GroupType              int32    `json:"groupType"`
	NeedVerification       int32    `json:"needVerification"`
	LookMemberInfo         int32    `json:"lookMemberInfo"`
	ApplyMemberFriend      int32    `json:"applyMemberFriend"`
	NotificationUpdateTime int64    `json:"notificationUpdateTime"`
	NotificationUserID     string   `json:"notificationUserID"`
	InitMemberList         []member `json:"initMemberList"`
}

// membersOf returns each member once. A member that is listed twice has the higher role.
func membersOf(list []member) (userIDs []string, roleLevels []int32) {
	userIDs = make([]string, 0, len(list))
	roleLevels = make([]int32, 0, len(list))
	indexes := make(map[string]int, len(list))
	for _, m := range list {
		if index, listed := indexes[m.UserID]; listed {
			roleLevels[index] = max(roleLevels[index], m.RoleLevel)
			continue
		}
		indexes[m.UserID] = len(userIDs)
		userIDs = append(userIDs, m.UserID)
		roleLevels = append(roleLevels, m.RoleLevel)
	}
	return userIDs, roleLevels
}

// write runs three statements in one transaction and three round trips: begin, the batch, commit.
func write(ctx context.Context, pool *pgxpool.Pool, command string, body []byte) error {
	var c creation
	if err := json.Unmarshal(body, &c); err != nil {
		return err
	}
	userIDs, roleLevels := membersOf(c.InitMemberList)
	batch := &pgx.Batch{}
	batch.Queue(upsertGroup, c.GroupID, c.GroupName, c.Notification, c.Introduction, c.FaceURL, c.OwnerUserID, c.CreateTime,
		c.MemberCount, c.Ex, c.Status, c.CreatorUserID, c.GroupType, c.NeedVerification, c.LookMemberInfo, c.ApplyMemberFriend,
		c.NotificationUpdateTime, c.NotificationUserID)
	batch.Queue(upsertMembers, c.GroupID, userIDs, roleLevels)
	batch.Queue(insertLog, command, c.GroupID, body)
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		return tx.SendBatch(ctx, batch).Close()
	})
}

func main() {
	config, err := pgxpool.ParseConfig(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	config.MaxConns = 10
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("POST /callback/{command}", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = write(r.Context(), pool, r.PathValue("command"), body)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"actionCode":0,"errCode":0,"errMsg":"","errDlt":"","nextCode":1}`)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening")
	log.Fatal(http.Serve(listener, nil))
}
